"""Do real processes do it? Black-box tests of `onitu serve` over real driver processes."""
