# SPDX-License-Identifier: Apache-2.0
"""trees.py: small trees with which the checks beside it show that they can fail, and how they end."""
import os


def demonstrate(check, root, *steps):
    """`steps`: files by path and how many things are wrong once they, too, stand in `root`. `check` lists these."""
    for tree, findings in steps:
        for path, text in tree.items():
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), 'w', encoding='utf-8') as file:
                file.write(text + '\n')
        found = check(root)
        assert len(found) == findings, found


def verdict(wrong, *seen):
    """Exit status. `seen`: what was looked at, how much of it, and what is too little to be the project."""
    for line in wrong:
        print(line)
    print(', '.join(f'{count} {what}' for what, count, _ in seen) + f', {len(wrong)} wrong')
    few = [what for what, count, least in seen if count < least]
    if few:
        print(f'too few {", ".join(few)}: is this the project?')
    return 1 if wrong or few else 0
