// SPDX-License-Identifier: Apache-2.0
// runtime_cgo.go: has runtime.go linked with the C library, which makes its threads then.
package main

import "C"
