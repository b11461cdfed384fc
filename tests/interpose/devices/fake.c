/* SPDX-License-Identifier: Apache-2.0
 * fake.c: a library by which work is launched on a device, as far as names go: it only counts. */
static volatile int count;

#define LAUNCH(name)     \
    int name(int n);     \
    int name(int n)      \
    {                    \
        count += n;      \
        return count;    \
    }
LAUNCH(cuInit)
LAUNCH(cuLaunchKernel)
LAUNCH(cuGraphLaunch)
LAUNCH(hipModuleLaunchKernel)
LAUNCH(zeCommandListAppendLaunchKernel)
LAUNCH(clEnqueueNDRangeKernel)
LAUNCH(clGetPlatformIDs)
