// SPDX-License-Identifier: Apache-2.0
// runtime.go: a program of Go's: its runtime sets handlers, masks and alternate stacks by system calls of its own, looks
// at the stack that a handler runs on, interrupts goroutines by signals, and executes other programs. Prints what must
// not depend on vprec.
package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

type point struct {
	pad [4]int64
	x   float64
}

//go:noinline
func scaled(p *point, k float64) (r float64, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = e.(error)
		}
	}()
	return p.x*k + 1.5, nil
}

//go:noinline
func quotient(a, b int) (r int, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = e.(error)
		}
	}()
	return a / b, nil
}

func busy(n int) float64 {
	s := 0.0
	for i := 1; i < n; i++ {
		s += math.Sqrt(float64(i)) / float64(i+1)
	}
	return s
}

func deep(n int, x float64) float64 {
	if n == 0 {
		return x
	}
	var b [10]float64
	b[n%10] = x * 1.0000001
	return deep(n-1, b[n%10]+0.001) + b[3]
}

func notified() {
	c := make(chan os.Signal, 8)
	for _, s := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGTRAP, syscall.SIGCHLD} {
		signal.Notify(c, s)
		if s != syscall.SIGCHLD {
			syscall.Kill(os.Getpid(), s)
			fmt.Println(<-c)
		}
		signal.Stop(c)
		signal.Reset(s)
	}
	signal.Ignore(syscall.SIGUSR2)
	syscall.Kill(os.Getpid(), syscall.SIGUSR2)
}

func executed() {
	for _, args := range [][]string{{"echo", "child"}, {"sh", "-c", "echo $0; exit 7"}, {"false"}} {
		out, err := exec.Command(args[0], args[1:]...).Output()
		fmt.Printf("%q %v\n", out, err)
	}
	cmd := exec.Command("sleep", "60")
	cmd.Start()
	cmd.Process.Signal(syscall.SIGTERM)
	fmt.Println(cmd.Wait())
}

func main() {
	fmt.Println(scaled(&point{x: 2.5}, 3.25))
	fmt.Println(scaled(nil, 2))
	fmt.Println(quotient(7, 0))
	notified()
	executed()
	var wait sync.WaitGroup
	results := make([]float64, 64)
	for i := range results {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			results[i] = busy(5000+i) + deep(500+i, 1)
			if _, err := scaled(nil, results[i]); err == nil {
				fmt.Println("no error")
			}
			runtime.Gosched()
		}(i)
	}
	for i := 0; i < 20; i++ {
		runtime.GC() // interrupts them
		time.Sleep(time.Millisecond)
	}
	wait.Wait()
	total := 0.0
	for _, r := range results {
		total += r
	}
	fmt.Println(total)
	fmt.Println(scaled(nil, 2))
	if len(os.Args) > 1 {
		var p *point
		fmt.Println(p.x)
	}
}
