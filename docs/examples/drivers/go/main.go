// Command shelf is a driver of Onitu: it keeps a directory of this machine in sync.
//
// This file is its life; driver.go answers the calls, folder.go is the directory, watch.go tells of changes.
package main

import (
	"bufio"
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"shelf/contract"
)

//go:generate go run ./generate

func main() {
	if err := serve(os.Getenv("ONITU_DRIVER_LISTEN"), bufio.NewReader(os.Stdin)); err != nil {
		slog.New(slog.NewJSONHandler(os.Stderr, nil)).Error("", "event", "service_failed", "reason", err.Error())
		os.Exit(1)
	}
}

// serve serves at the address that Onitu names, until Onitu closes stdin, over which it hands a token first.
func serve(address string, stdin *bufio.Reader) error {
	token, err := stdin.ReadString('\n')
	if address == "" || err != nil {
		return errors.New("a driver is started by Onitu, which says where to listen and hands over a token")
	}
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		os.Exit(0)
	}()
	network := "tcp"
	if path, isSocket := strings.CutPrefix(address, "unix:"); isSocket {
		network, address = "unix", path
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	guard := guard("Bearer " + strings.TrimSpace(token))
	server := grpc.NewServer(grpc.UnaryInterceptor(guard.unary), grpc.StreamInterceptor(guard.stream))
	contract.RegisterDriverServer(server, &driver{})
	healthy := health.NewServer()
	healthy.SetServingStatus(contract.Driver_ServiceDesc.ServiceName, grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(server, healthy)
	reflection.Register(server)
	return server.Serve(listener)
}

// guard lets nobody in without the token, and has errors travel as the contract says them.
type guard string

func (g guard) unary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, serve grpc.UnaryHandler) (any, error) {
	if err := g.check(ctx); err != nil {
		return nil, err
	}
	answer, err := serve(ctx, request)
	return answer, meaning(err)
}

func (g guard) stream(driver any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, serve grpc.StreamHandler) error {
	if err := g.check(stream.Context()); err != nil {
		return err
	}
	return meaning(serve(driver, stream))
}

func (g guard) check(ctx context.Context) error {
	for _, given := range metadata.ValueFromIncomingContext(ctx, "authorization") {
		if subtle.ConstantTimeCompare([]byte(given), []byte(g)) == 1 {
			return nil
		}
	}
	return status.Error(codes.Unauthenticated, "the call does not carry the token of this driver")
}
