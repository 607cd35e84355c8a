# Wrong usage exits with 2, says what is wrong and what to do.
tether
tether frobnicate
tether statsu
tether --json frobnicate
tether status --frobnicate
tether --db
tether show Task
tether record create

# Without a file.
tether status
tether --json status
tether record create Task title=x

# With one.
tether init
tether init extra
tether record create 'no model' title=x
tether record create Task title
tether record create Task 'amount:=12,5'
tether record create Task --data '[1]'
tether record create Task --data '{"title": "x"'
tether record update Task 01KAK3000000000000000000ZZ title=x
tether record delete Task 01KAK3000000000000000000ZZ
tether show Task 01KAK3000000000000000000ZZ
tether config server ftp://example.org
tether config no-such-setting 1
tether status --max-lag tomorrow
tether log --status lost
tether log --since yesterday
tether log --limit -1
tether push
tether push --batch 0 --server http://127.0.0.1:1
tether conflicts show 01KAK3000000000000000000ZZ
tether retry 01KAK3000000000000000000ZZ
tether retry
tether replay --until never
tether completion tcsh
tether --json record create Task title
tether -q -v status
