serve
on ann tether init --client-id ann --server "$TETHER_SERVER"
on ben tether init --client-id ben --server "$TETHER_SERVER"
on ann tether record create Task --id pump-7 title='Check pump 7' done:=false place='Hall 3'
on ann tether record create Task --id pump-8 title='Check pump 8' done:=false
on ann tether record create Task --id pump-9 title='Check pump 9' done:=false
on ann tether sync
on ben tether sync

# Ann writes first, Ben last, and Ben syncs first: the later edit stands.
on ann tether record update Task pump-7 title='Pump 7 by Ann'
on ann tether record update Task pump-8 title='Pump 8 by Ann'
on ann tether record delete Task pump-9
on ben tether record update Task pump-7 title='Pump 7 by Ben' done:=true
on ben tether record delete Task pump-8
on ben tether record update Task pump-9 title='Pump 9 by Ben'
on ben tether sync
on ann tether sync
on ann tether status
on ann tether list Task --deleted
on ann tether conflicts
on ann tether --json conflicts list
first=$(on ann tether --json conflicts list | jq -r .mutation_id | head -n 1)
second=$(on ann tether --json conflicts list | jq -r .mutation_id | sed -n 2p)
on ann tether conflicts show "$first"
on ann tether --json conflicts show "$first"
on ann tether conflicts show "$second"

# Each way to settle one.
on ann tether conflicts resolve "$first"
on ann tether conflicts resolve "$first" --mine --theirs
on ann tether conflicts resolve "$first" --set title='Pump 7 by both'
on ann tether conflicts resolve "$first" --theirs
on ann tether --json conflicts resolve "$second" --mine
on ann tether conflicts resolve --all --theirs
on ann tether conflicts
on ann tether conflicts list --all
on ann tether sync
on ben tether sync
on ann tether list Task --deleted
on ben tether list Task --deleted
on ann tether replay --check
on ben tether --json replay --check
on ann tether log --diff

# One more, settled in an editor.
on ann tether record update Task pump-7 title='Pump 7 once more by Ann' place='Hall 4'
on ben tether record update Task pump-7 title='Pump 7 once more by Ben' done:=false
on ben tether sync
on ann tether sync
on ann env EDITOR='open() { cat "$1"; false; }; open' tether conflicts resolve pump-7 --edit
on ann env EDITOR='sed -i "s/once more by Ann/once more/; s/Hall 4\"/Hall 4/"' tether conflicts resolve pump-7 --edit
on ann env EDITOR='sed -i "s/Hall 4/Hall 4\"/"' tether conflicts resolve pump-7 --edit
on ann tether sync
on ben tether sync
on ben tether show Task pump-7
