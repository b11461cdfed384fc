// SPDX-License-Identifier: Apache-2.0
// work.d: numerical integration and a product of matrices.
import std.algorithm, std.math, std.range, std.stdio;

void main()
{
    double area = 0;
    foreach (i; 0 .. 20_000)
        area += exp(-i * 1e-3) * cos(i * 0.01) * 1e-3;
    writefln("%.17g", area);
    auto a = iota(64 * 64).map!(i => cast(float)(i % 37) * 0.37f).array, c = new float[64 * 64];
    foreach (i; 0 .. 64)
        foreach (j; 0 .. 64)
            c[i * 64 + j] = iota(64).map!(k => a[i * 64 + k] * a[k * 64 + j]).sum;
    writefln("%.9g %.9g %.9g", c[0], c[77], c[].maxElement);
    writeln(iota(1, 50).map!(i => sqrt(cast(double) i)).array.sort!"a > b".take(5));
}
