/* SPDX-License-Identifier: Apache-2.0
 * library.c: an addition for a namespace of its own. */
float audit_library_add(float x, float y);
float audit_library_add(float x, float y)
{
    return x + y;
}
