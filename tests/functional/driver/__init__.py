"""The driver tests (CONTRACT F5, F6): everything Onitu does with a driver, on real processes, beside a local disk.

They run for the one driver that `ONITU_TEST_DRIVER` names; `just driver NAME` runs nothing else. Each test says in
brackets which behaviors of the table in `tests/contract.toml` it shows. What a driver or its target cannot do is in
`Target.unable`, with the reason.
"""
