tether init --client-id ann
tether status
tether --json status
tether record create Task --id pump-7 title='Check pump 7'
tether status
tether --json status
tether status --max-lag 1m
tether status --max-lag 1s
tether --json status --max-lag 1s

# Nobody answers at port 1.
tether push --server http://127.0.0.1:1 --retry-for 0s
tether --json push --server http://127.0.0.1:1 --retry-for 0s
tether pull --server http://127.0.0.1:1 --retry-for 0s
tether --json sync --server http://127.0.0.1:1
tether status
tether list Task
