// SPDX-License-Identifier: Apache-2.0
// Work.java: hot enough to be compiled; threads, nulls that are caught as signals, a collection of garbage.
import java.util.Arrays;
import java.util.stream.IntStream;

public class Work {
    static double area(int steps) {
        double sum = 0;
        for (int i = 0; i < steps; i++)
            sum += Math.sqrt(i) * Math.exp(-i * 1e-3) * 1e-3;
        return sum;
    }

    static float dot(float[] a, float[] b) {
        float sum = 0;
        for (int i = 0; i < a.length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    public static void main(String[] arguments) throws Exception {
        double total = 0;
        for (int i = 0; i < 300; i++)
            total += area(2000 + i);
        System.out.println(total);
        float[] a = new float[4096], b = new float[4096];
        for (int i = 0; i < a.length; i++) {
            a[i] = i * 0.37f % 11;
            b[i] = i * 0.73f % 7;
        }
        float sum = 0;
        for (int i = 0; i < 500; i++)
            sum += dot(a, b);
        System.out.println(sum);
        int caught = 0;
        for (int i = 0; i < 20000; i++) {
            try {
                Object nothing = i % 100 == 0 ? null : a;
                caught += nothing.hashCode() == 0 ? 0 : 0;
            } catch (NullPointerException e) {
                caught++;
            }
        }
        System.out.println(caught);
        System.out.println(IntStream.range(0, 10000).parallel().mapToLong(i -> (long) (Math.sin(i) * 1e6)).sum());
        byte[][] garbage = new byte[64][];
        for (int i = 0; i < 2000; i++)
            garbage[i % 64] = new byte[65536];
        System.gc();
        System.out.println(Arrays.stream(garbage).mapToInt(g -> g.length).sum());
    }
}
