// SPDX-License-Identifier: Apache-2.0
// work.js: hot enough to be compiled; typed arrays and WebAssembly that leaves its memory, which is caught as a signal.
let sum = 0;
for (let i = 0; i < 300000; i++) sum += Math.sqrt(i) * Math.sin(i);
console.log(sum);
const f = new Float32Array(4096).map((_, i) => (i * 0.37) % 11);
let g = Math.fround(0);
for (let k = 0; k < 50; k++) for (const x of f) g = Math.fround(g + Math.fround(x * x));
console.log(g);
// (func (param i32) (result f64) local.get 0 f64.load f64.sqrt), memory of one page
const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 124, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 5,
    1, 1, 102, 0, 0, 10, 10, 1, 8, 0, 32, 0, 43, 3, 0, 159, 11]);
const wasm = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f;
let traps = 0;
for (let i = 0; i < 2000; i++) {
    try { wasm(i % 10 ? 0 : 1 << 20); } catch (e) { traps++; }
}
console.log(traps);
console.log([3.3, 1.1, 2.2].map(x => x ** 1.7).sort((a, b) => a - b).join(" "));
