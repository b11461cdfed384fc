// SPDX-License-Identifier: Apache-2.0
// catches.cc: a library with the C++ runtime that a program of another language does not have.
extern "C" int catches(int n)
{
    int caught = 0;
    for (int i = 0; i < n; i++)
        try {
            throw i;
        } catch (int) {
            caught++;
        }
    return caught;
}
