// SPDX-License-Identifier: Apache-2.0
// work.go: goroutines that add up parts of a sum, and a map of numbers.
package main

import (
	"fmt"
	"math"
	"os/user"
	"sort"
	"sync"
)

func main() {
	parts := make([]float64, 8)
	var group sync.WaitGroup
	for i := range parts {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			for k := i; k < 80000; k += len(parts) {
				parts[i] += math.Sqrt(float64(k)) * math.Sin(float64(k))
			}
		}(i)
	}
	group.Wait()
	fmt.Println(parts)
	var single float32
	for i := 1; i < 1000; i++ {
		single += 1 / float32(i)
	}
	fmt.Printf("%v %.17g\n", single, math.Pow(1.1, 7.7))
	if _, err := user.Current(); err != nil { // by libc
		fmt.Println("nobody")
	}
	defer func() { fmt.Println("recovered:", recover()) }()
	var nothing *sort.Float64Slice
	fmt.Println((*nothing)[0])
}
