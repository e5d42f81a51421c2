package main

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestConformance puts the driver through Onitu's conformance kit (pip install 'onitu[conformance]').
func TestConformance(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "shelf")
	if output, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("it cannot be built: %v\n%s", err, output)
	}
	output, err := exec.Command("onitu", "driver", "test", binary, "--options", "options.yaml").CombinedOutput()
	t.Logf("%s", output)
	if err != nil {
		t.Fatal(err)
	}
}
