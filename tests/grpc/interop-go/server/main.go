// The interop server of grpc-go, on a free port of 127.0.0.1, which it prints.
package main

import (
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/orca"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	recorder := orca.NewServerMetricsRecorder()
	server := grpc.NewServer(orca.CallMetricsServerOption(nil))
	options := interop.NewTestServerOptions{MetricsRecorder: recorder}
	testgrpc.RegisterTestServiceServer(server, interop.NewTestServer(options))
	fmt.Printf("listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(server.Serve(listener))
}
