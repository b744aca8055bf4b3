"""What Yett costs, beside peers, in one run on one machine: `make bench`.

`__main__` runs everything; `systems` starts what is compared, from `peers` (nginx), `apache`, `authority`
(the Python service behind auth_request) and `gateway` (Yett); `load` drives wrk and h2load; `report` prints
and keeps the figures; `idle` looks at memory and `events` times the log.
"""
