# SPDX-License-Identifier: Apache-2.0
"""torch_layers.py trace|bits|threads: a small residual network in PyTorch. Prints, as JSON, the name of every module in
the order in which it is called, and how many products and sums convolutions and products of matrices have (by hooks of
PyTorch's own, and only with the argument "trace", since they change how modules are called), and what came out of each
as bits."""
import json
import sys
import threading

import torch

torch.manual_seed(1)
if sys.argv[1] == 'threads':
    torch.set_num_threads(1)  # or a pool's threads would work for nobody knows which of them


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(48, 48)
        self.second = torch.nn.Linear(48, 48)

    def forward(self, x):
        return x + self.second(torch.relu(self.first(x)))


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = torch.nn.Conv1d(4, 16, 3, stride=2)
        self.flat = torch.nn.Flatten()
        self.blocks = torch.nn.ModuleList([Block() for _ in range(3)])
        self.norm = torch.nn.LayerNorm(48)
        self.head = torch.nn.Linear(48, 16)

    def forward(self, x, fail=False):
        parts = [self.flat(self.stem(x))[:, :48]]
        for block in self.blocks:
            parts.append(block(parts[-1]))
        if fail:
            raise ValueError('on the way')
        parts.append(self.norm(parts[-1]))
        parts.append(self.head(parts[-1]))
        return parts


network = Network().eval()
x = torch.randn(6, 4, 20)
trace, products = [], {}
if sys.argv[1] == 'trace':
    names = {id(module): name or f'<{type(module).__name__}>' for name, module in network.named_modules()}
    torch.nn.modules.module.register_module_forward_pre_hook(lambda module, _: trace.append(names[id(module)]))

    def count(module, _, output):
        if isinstance(module, (torch.nn.Linear, torch.nn.Conv1d)):
            name = names[id(module)]
            products[name] = products.get(name, 0) + output.numel() * module.weight[0].numel()
    torch.nn.modules.module.register_module_forward_hook(count)
with torch.no_grad():
    try:
        network(x, fail=True)  # leaves its modules by an exception
    except ValueError:
        pass
    parts = network(x)
    if sys.argv[1] == 'threads':  # each in its own scopes
        results = [None] * 4

        def work(i):
            for _ in range(20):
                results[i] = network(x)
        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(torch.equal(a, b) for result in results for a, b in zip(result, parts))
print(json.dumps({'trace': trace, 'products': products,
                  'bits': [part.view(torch.int32).flatten().tolist() for part in parts]}))
