# SPDX-License-Identifier: Apache-2.0
"""torch_ops.py: operators of PyTorch of several kinds, once each, and what they give."""
import torch
import torch.nn.functional as F

torch.manual_seed(1)
torch.set_num_threads(2)
with torch.no_grad():
    image, x = torch.randn(2, 16, 28, 28), torch.randn(128, 256)
    for name, y in {
            'conv2d': F.conv2d(image, torch.randn(32, 16, 3, 3), torch.randn(32), padding=1),
            'linear': F.linear(x, torch.randn(256, 256), torch.randn(256)),
            'bmm': torch.bmm(torch.randn(4, 64, 64), torch.randn(4, 64, 64)),
            'softmax': torch.softmax(x, 1), 'layer_norm': F.layer_norm(x, (256,)), 'gelu': F.gelu(x),
            'exp': torch.exp(x / 4), 'sum': x.sum(1), 'attention': F.scaled_dot_product_attention(
                *(x.reshape(1, 8, 16, 256) for _ in range(3))),
            'lstm': torch.nn.LSTM(64, 64)(torch.randn(10, 4, 64))[0]}.items():
        print(name, tuple(y.shape), y.double().abs().sum().item())
