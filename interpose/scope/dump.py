# SPDX-License-Identifier: Apache-2.0
"""dump.py: a part of torch.py: writes what modules return, a file DIR/000012 torch:encoder.layer.3.npz for each call, in
the order in which they return. A tensor is a member of it: "output", or "output.0", "output.logits" of several. No
arithmetic: bits are copied, but those of bfloat16, which NumPy does not have, are written as float32."""
import sys


class Dump:
    KINDS = {'torch.float32': '<f4', 'torch.float64': '<f8', 'torch.float16': '<f2', 'torch.int64': '<i8',
             'torch.int32': '<i4', 'torch.int16': '<i2', 'torch.int8': '|i1', 'torch.uint8': '|u1', 'torch.bool': '|b1'}
    DEPTH, LENGTH = 20, 200  # containers one within another; bytes of a name

    def __init__(self, directory):
        import os
        import threading
        self.directory, self.process, self.lock, self.count = directory, os.getpid(), threading.Lock(), 0
        self.said = set()

    def say_once(self, text):
        if text not in self.said:
            self.said.add(text)
            say(f'--dump-layers: {text}')

    def parts(self, value, name, depth=0):
        if isinstance(value, sys.modules['torch'].Tensor):
            yield name, value
        elif depth < self.DEPTH and isinstance(value, dict):
            for key, part in value.items():
                yield from self.parts(part, f'{name}.{key}', depth + 1)
        elif depth < self.DEPTH and isinstance(value, (tuple, list)):
            for i, part in enumerate(value):
                yield from self.parts(part, f'{name}.{i}', depth + 1)

    def array(self, tensor):
        """The tensor as a file .npy; None: it is of a type that there is not."""
        import ctypes
        torch = sys.modules['torch']
        tensor = tensor.detach()
        if tensor.dtype is torch.bfloat16:
            tensor = tensor.to(torch.float32)
        kind = self.KINDS.get(str(tensor.dtype))
        if kind is None or tensor.layout is not torch.strided:
            return None
        tensor = tensor.cpu().contiguous()
        if tensor.is_neg():
            tensor = tensor.resolve_neg()
        head = repr({'descr': kind, 'fortran_order': False, 'shape': tuple(tensor.shape)})
        head += ' ' * (-(len(head) + 11) % 64) + '\n'
        size = tensor.numel() * tensor.element_size()
        data = ctypes.string_at(tensor.data_ptr(), size) if size else b''
        return b'\x93NUMPY\1\0' + len(head).to_bytes(2, 'little') + head.encode() + data

    def write(self, name, value):
        import io
        import os
        import zipfile
        file, any_ = io.BytesIO(), False
        with zipfile.ZipFile(file, 'w') as archive:
            for part, tensor in self.parts(value, 'output'):
                array = self.array(tensor)
                if array is None:
                    self.say_once(f'outputs of type {tensor.dtype} are not written')
                    continue
                archive.writestr(zipfile.ZipInfo(part.replace('/', '_') + '.npy'), array)
                any_ = True
        if not any_:
            return
        with self.lock:
            if self.process != os.getpid():
                self.say_once('outputs in processes that the program has forked are not written')
                return
            self.count += 1
            name = ''.join(c if c.isprintable() and c != '/' else '_' for c in name)
            name = name.encode(errors='replace')[:self.LENGTH].decode(errors='ignore')
            path = os.path.join(self.directory, f'{self.count:06d} {name}.npz')
            with open(path, 'xb') as out:
                out.write(file.getbuffer())

    def put(self, name, value):
        if self.directory is None:
            return
        try:
            self.write(name, value)
        except OSError as error:  # there is no room, or another process writes there
            self.directory = None
            self.say_once(f'no more outputs are written: {error}')
        except Exception as error:  # the program goes on as it is
            self.say_once(f'outputs of {name} are not written: {error!r}')
