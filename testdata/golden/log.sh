tether init --client-id ann
tether record create Task --id pump-7 title='Check pump 7' done:=false
tether record create Task --id pump-8 title='Check pump 8'
tether record update Task pump-7 done:=true
tether record delete Task pump-8
tether log
tether --json log
tether log Task pump-7
tether log Task --limit 1
tether log --reverse
tether log --status failed
tether log --since 2030-01-01T00:00:05Z
tether log --diff
tether --json log --limit 1 --diff
