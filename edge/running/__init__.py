"""Running: what a run needs besides reading hands, so that it can go on for weeks.

mailbox.py hands over a source's newest frame. stop.py ends a run on a signal, after a time, or when
a sink requests it. health.py measures the run and reports it; load.py leaves work out when there is
too much of it or the machine is hot; notifier.py reports to systemd; machine.py reads temperature,
memory and power; logs.py formats log lines.

Nothing is exported here, and each module is imported by its own name: the command line needs logs
and stop before it loads NumPy, which the others import.
"""
