// SPDX-License-Identifier: Apache-2.0
// work.cs: compiled while it runs: generic numbers, an exception, a null that is caught as a signal.
using System;
using System.Linq;
using System.Threading;

class Work
{
    static double[] parts = new double[4];

    static void Main()
    {
        var threads = Enumerable.Range(0, 4).Select(i => new Thread(() => {
            for (int k = i; k < 20000; k += 4)
                parts[i] += Math.Sqrt(k) * Math.Sin(k);
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        foreach (double part in parts)
            Console.WriteLine(part.ToString("R"));
        Console.WriteLine(Enumerable.Range(1, 1000).Select(i => 1f / i).Aggregate((a, b) => a + b).ToString("R"));
        for (int i = 0; i < 50; i++) {
            try {
                string nothing = i % 2 == 0 ? null : "a";
                Console.Write(nothing.Length);
            } catch (NullReferenceException) {
                Console.Write("-");
            }
        }
        Console.WriteLine();
    }
}
