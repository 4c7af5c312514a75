"""What the product costs and how fast it is: ratios to a floor, measured in one run; nothing here is asserted."""
