"""The methods of the Bot API, its limits, its refusals and the faults one can script."""
