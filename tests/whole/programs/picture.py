# SPDX-License-Identifier: Apache-2.0
"""picture.py: draws lines of text as a grey PGM picture that an OCR program can read. Needs no font, library or
network."""

# Five columns for each character, lowest bit on top; an eighth row is left empty.
FONT = {
    "A": "7e1111117e", "B": "7f49494936", "C": "3e41414122", "D": "7f4141221c", "E": "7f49494941", "F": "7f09090901",
    "G": "3e4149497a", "H": "7f0808087f", "I": "00417f4100", "J": "2040413f01", "K": "7f08142241", "L": "7f40404040",
    "M": "7f020c027f", "N": "7f0408107f", "O": "3e4141413e", "P": "7f09090906", "Q": "3e4151215e", "R": "7f09192946",
    "S": "4649494931", "T": "01017f0101", "U": "3f4040403f", "V": "1f2040201f", "W": "3f4038403f", "X": "6314081463",
    "Y": "0708700807", "Z": "6151494543", " ": "0000000000", "0": "3e5149453e", "1": "00427f4000", "2": "4261514946",
    "3": "2141454b31", "4": "1814127f10", "5": "2745454539", "6": "3c4a494930", "7": "0171090503", "8": "3649494936",
    "9": "064949291e",
}
SCALE = 5
MARGIN = 40


def bitmap(lines):
    """Rows of 0 (paper) and 1 (ink), one cell per dot of the font, six by twelve dots a character."""
    width = 6 * max(map(len, lines))
    rows = []
    for line in lines:
        columns = [c for character in line for c in list(bytes.fromhex(FONT[character])) + [0]]
        columns += [0] * (width - len(columns))
        rows += [[c >> bit & 1 for c in columns] for bit in range(7)] + [[0] * width] * 5
    return rows


def draw(path, lines):
    """Writes the text to `path`, enlarged and blurred by a box of three pixels, as scanners do."""
    dots = bitmap(lines)
    height, width = len(dots) * SCALE + 2 * MARGIN, len(dots[0]) * SCALE + 2 * MARGIN
    ink = [[0] * width for _ in range(height)]
    for y, row in enumerate(dots):
        wide = [dot for dot in row for _ in range(SCALE)]
        for k in range(SCALE):
            ink[MARGIN + y * SCALE + k][MARGIN:MARGIN + len(wide)] = wide
    picture = bytearray()
    for y in range(height):
        above, here, below = ink[y - 1], ink[y], ink[(y + 1) % height]
        sums = [a + b + c for a, b, c in zip(above, here, below)]
        picture += bytes(255 - 25 * (sums[x - 1] + sums[x] + sums[(x + 1) % width]) for x in range(width))
    with open(path, "wb") as file:
        file.write(b"P5\n%d %d\n255\n" % (width, height) + picture)
