tether init --client-id ann
tether record create Task title='Check pump 7' done:=false amount:=12.50
tether --json record create Task --id pump-8 title='Check pump 8' tags:='["pump","hall 3"]'
tether record create Task --id note --data '{"title": "A note", "big": 123456789012345678901234567890, "float": 2.0}'
echo '{"title": "From a file"}' >data.json
tether record create Task --id from-file --data @data.json
echo '{"title": "From stdin"}' | tether record create Task --id from-stdin --data -
tether record update Task pump-8 title='Check pump 8 twice'
tether --json record update Task pump-8 done:=true
tether record update Task pump-8 done:=true
tether --json record update Task pump-8 done:=true
tether record create Task --id pump-8 title='Created again'
tether record delete Task note
tether --json record delete Task from-file
tether record delete Task note
tether record update Task note title=x
tether record create Task --id note title='Back again'
tether list Task
tether --json list Task
tether list Task --where done:=true
tether list Task --where title='Back again'
tether list Task --deleted
tether list Nothing
tether --json list Nothing
tether show Task pump-8
tether --json show Task pump-8
tether show Task from-file
tether -q record create Task --id quiet title=x
