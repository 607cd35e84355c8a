tether init --client-id ann
printf '%s\n' '{"op":"create","model":"Task","id":"a","payload":{"n":1}}' '{"op":"create","model":"Task","id":"b","payload":{"n":2}}' '{"op":"update","model":"Task","id":"a","payload":{"n":3}}' '{"op":"delete","model":"Task","id":"b"}' >lines
tether record --stdin <lines
tether list Task --deleted
tether --json record --stdin <lines
tether record --stdin </dev/null
tether --json record --stdin --ids <lines

# A bad line: what was committed stays; with --atomic nothing does.
printf '%s\n' '{"op":"create","model":"Task","id":"c","payload":{}}' '{"op":"create","model":"Task","id":"d","payload":{}}' '{"op":"crate","model":"Task"}' >bad
tether record --stdin --batch 1 <bad
tether --json record --stdin --batch 1 <bad
tether list Task
sed 's/"c"/"e"/; s/"d"/"f"/' bad | tether record --stdin --atomic
tether list Task
echo 'not json' | tether record --stdin
echo '{"op":"create","model":"Task","payload":[]}' | tether record --stdin
echo '{"op":"update","model":"Task","id":"nobody","payload":{}}' | tether record --stdin
printf '{"op":"create","model":"Task","payload":{"a":"\x01"}}\n' | tether record --stdin

# Tables.
printf 'code,name,size\np7,"Pump 7, old",12\np8,Pump 8,\n' >pumps.csv
tether record import pumps.csv --model Pump --key code
tether --json record import pumps.csv --model Pump --key code
printf 'code,name,size\np7,"Pump 7, new",12\np8,Pump 8,\np9,Pump 9,3\n' >pumps.csv
tether record import pumps.csv --model Pump --key code --ids
tether list Pump
printf '{"code":"p9","name":"Pump 9","size":"4"}\n' >pumps.ndjson
tether record import pumps.ndjson --model Pump --key code
tether record import missing.csv --model Pump
tether record import pumps.csv
printf 'code,name\np1\n' >short.csv
tether record import short.csv --model Pump --key code
