//go:build tools

// Package tools names the program that is built from the module besides its own, so that it is pinned with all it needs.
package tools

import _ "google.golang.org/grpc/interop/client"
