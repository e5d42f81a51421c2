# uv tells the programs it starts where it is; a `just` started by hand looks for it.
uv := env("UV", "uv")
run := uv + " run --no-sync"

# Onitu starts many processes, here most of all: they keep what they compiled, whatever the caller's own taste.
export PYTHONDONTWRITEBYTECODE := ""

# Everything that must hold before a change lands
default: check test

# Makes the environment that every other recipe uses
init:
    {{uv}} sync --quiet

# Formats Python and proto
fmt: init
    {{run}} ruff format
    {{run}} ruff check --fix-only --quiet
    {{run}} buf format --write

# Everything that is checked without running Onitu
check: lint types layers proto-breaking

# Style: Python and proto
lint: init
    {{run}} ruff check
    {{run}} ruff format --check
    {{run}} buf lint
    {{run}} buf format --diff --exit-code

# Types
types: init
    {{run}} mypy

# Imports go downwards only
layers: init
    {{run}} lint-imports --no-cache

# Generates the Python side of the driver contract, and its reference
proto: init
    {{run}} python proto/generate.py onitu/rpc/gen
    {{run}} python proto/reference.py docs/driver-contract.md

# The driver contract has changed compatibly since it last landed
proto-breaking: init
    {{run}} .ci/proto-breaking

# All tests; `just test -k name` narrows them. A process that has no test left takes of those that wait for the other
test *options: init
    .ci/need 'cc=gcc libc6-dev' setpriv=util-linux ip=iproute2 strace openssl ssh=openssh-client /usr/sbin/sshd=openssh-server
    {{run}} pytest -n 2 --dist worksteal {{options}}

# Tests of single functions
unit *options: init
    {{run}} pytest tests/unit {{options}}

# Tests for all histories
property *options: init
    {{run}} pytest tests/property {{options}}

# The whole core in one thread and virtual time: 2,000 seeds, or one with its trace
sim *seed: init
    {{run}} python -m tests.simulation seeds {{seed}}

# New seeds for some minutes
soak *minutes: init
    {{run}} python -m tests.simulation soak {{minutes}}

# Each safeguard taken away, and how many seeds it takes to miss it
mutations: init
    {{run}} python -m tests.simulation mutations

# Tests of real processes
functional *options: init
    .ci/need 'cc=gcc libc6-dev' setpriv=util-linux ip=iproute2 strace openssl ssh=openssh-client /usr/sbin/sshd=openssh-server
    {{run}} pytest -n 2 --dist worksteal tests/functional {{options}}

# Tests of kills, full and failing disks, hanging drivers, power cuts: a hundred moments, ten times over
faults *times: init
    .ci/need 'cc=gcc libc6-dev' setpriv=util-linux ssh=openssh-client /usr/sbin/sshd=openssh-server
    for run in $(seq {{ if times == "" { "10" } else { times } }}); do \
        ONITU_TEST_MOMENTS=100 ONITU_TEST_SEED=$((run * 100)) {{run}} pytest -n 2 --dist worksteal tests/functional/test_faults_*.py \
            || exit 1; \
    done

# The web page in a real browser; screenshots go to build/browser
browser *options: init
    .ci/need chromium
    ONITU_TEST_BROWSER=1 {{run}} pytest -n 2 --dist worksteal {{ if options == "" { "tests/browser" } else { options } }}

# The images of the README
images: (browser "tests/browser/test_images.py")
    mkdir -p docs/images
    cp build/browser/readme-overview.png docs/images/overview.png
    cp build/browser/readme-conflicts.png docs/images/conflicts.png

# Tests of one driver, `just driver local_storage`: everything Onitu does with it, beside a local disk
driver name *options: init
    .ci/need ssh=openssh-client /usr/sbin/sshd=openssh-server
    ONITU_TEST_DRIVER={{name}} {{run}} pytest -n 2 --dist worksteal tests/functional/driver {{options}}

# Drivers in other languages: the templates of `onitu driver new`, those that are slow to build as well
languages *options: init
    ONITU_TEST_LANGUAGES=1 {{run}} pytest -n 2 --dist worksteal --timeout 1800 tests/functional/languages {{options}}

# Speed and memory, beside rsync, rclone and, where they can be had, other peers in the same run; `--write` keeps it
bench *workloads: init
    .ci/need rsync ssh=openssh-client /usr/sbin/sshd=openssh-server
    -.ci/need unison syncthing lsyncd
    {{uv}} sync --quiet --group benchmarks
    {{run}} python -m tests.benchmarks {{workloads}}

# Nothing has become twice as slow, beside rsync and rclone, as it was
ratios *options: init
    .ci/need rsync
    {{run}} python -m tests.benchmarks.ratios {{options}}

# Installs the servers that drivers are tested against beside those that Python packages bring; some systems start them
servers:
    .ci/need vsftpd apache2 nginx=nginx-light php=php-cli openssl \
        /usr/lib/nginx/modules/ngx_http_dav_ext_module.so=libnginx-mod-http-dav-ext \
        /usr/share/php/Sabre/autoload.php='php-sabre-dav php-xml'

# The whole conformance kit on one driver
kit name *options: init
    .ci/need ssh=openssh-client /usr/sbin/sshd=openssh-server openssl
    ONITU_TEST_DRIVER={{name}} {{run}} pytest -n 2 --dist worksteal tests/functional/conformance/test_drivers.py {{options}}

# The conformance kit on a real account, whose options are variables: `ONITU_GOOGLE_DRIVE_REFRESH_TOKEN=... just real-account google_drive`
real-account name *options: init
    {{run}} python .ci/real_account.py {{name}} {{options}}

# Checks, all tests with many more examples and moments, and benchmarks
everything: check && bench (bench "far")
    .ci/need 'cc=gcc libc6-dev' setpriv=util-linux ssh=openssh-client /usr/sbin/sshd=openssh-server
    ONITU_TEST_EVERYTHING=1 ONITU_HYPOTHESIS_PROFILE=everything {{run}} pytest -n 2 --dist worksteal --timeout 1800
    for name in local_storage dropbox ftp google_drive rclone s3 ssh webdav; do ONITU_TEST_DRIVER=$name {{run}} pytest -n 2 --dist worksteal tests/functional/driver || exit 1; done

# Writes what of the documents is made from the code: docs/api.md, the arguments in docs/cli.md
docs: init
    {{run}} python -m tests.documents

# Takes the newest versions of all packages and notes them in pyproject.toml
lock:
    UV={{uv}} python3 .ci/lock.py

# Removes what the other recipes made
clean:
    rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
    find . -name __pycache__ -type d -prune -exec rm -rf {} +
