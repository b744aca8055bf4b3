"""What Yett costs, beside peers, in one run on one machine: `make bench`.

`__main__` runs everything; `peers` starts nginx, `gateway` starts Yett, `load` drives wrk,
`events` times the log.
"""
