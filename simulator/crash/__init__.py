"""Breaking the delivery engine on purpose: whole-system runs that a seed decides and repeats exactly.

It is called through ``verdict``. What stands where:

virtual_time  an event loop whose time jumps, and whose ready tasks come in any order
disk          SQLite run in place, so that a process can die between any two statements
wire          the network and the platform: what is lost, late, refused or garbled
scenario      what a seed stands for: channels, the acts of people, the weather, the deaths
people        Lan and Minh at the desk; an act that was not confirmed comes again after a restart
life          one process from start to death, put together from the product's own parts
runs          one run: life after life until all is at rest
evidence      what a run leaves behind
invariants    what must hold of it, each with a sentence for who reads the failure
verdict       many seeds, and what came of them
"""
