# Who may sync: tokens, and clients that are shut out.
tether-service token create --scope school
tether-service migrate
tether-service token list
tether-service device list
export ANN=$(tether-service token create --scope school --client ann)
export READER=$(tether-service token create --scope school --can pull --expires 1m 2>/dev/null)
tether-service token create --scope clinic --can push,pull --expires 90d --json
tether-service token create
tether-service token create --scope school --can fly
tether-service token create --scope school --can push,push
tether-service token create --scope "$(printf 'a\nb')"
tether-service token create --scope school --expires soon
tether-service token create --scope school --can push --claim institution:=7 --claim role=accountant --claim 'sites:= ["a", "b"]'
tether-service token create --scope school --claim institution
tether-service token create --scope school --claim institution:=seven
tether-service token create --scope school --claim a=1 --claim a=2
tether-service token list
tether-service token list --json
tether-service token
serve --auth token

# Without a token, with a wrong one, with one that may not push.
for who in ann ben; do tether --db $who.db init --client-id $who; done
on ann tether record create Task title="Check pump 7" --id pump-7
on ann tether sync
on ann tether doctor
TETHER_TOKEN=wrong on ann tether --json sync
TETHER_TOKEN=$READER on ann tether sync
on ann tether status

# With her own she can; nobody else can with it.
export TETHER_TOKEN=$ANN
on ann tether sync
on ann tether doctor
on ben tether sync
TETHER_TOKEN=$READER on ben tether pull
get /tether/info -H "Authorization: Bearer $READER"

# The next request after a revocation is refused; what is recorded stays.
tether-service token revoke 01KAK300000000000000000001
tether-service token revoke $ANN
on ann tether record update Task pump-7 title="Checked pump 7"
on ann tether sync
on ann tether status

# A client that is shut out is refused with any token. Who was seen is written now and then, and at the end.
export TETHER_TOKEN=$(tether-service token create --scope school 2>/dev/null)
stop_service
tether-service device list
tether-service device revoke nobody
tether-service device revoke nobody --scope school
tether-service device revoke ann --scope school
serve --auth token
on ann tether sync
on ann tether doctor
tether-service device revoke ann --scope school --undo
on ann tether sync
tether-service device revoke ann --scope school --undo
stop_service
tether-service device list
