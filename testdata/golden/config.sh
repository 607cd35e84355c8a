tether init
tether config --list
tether config server
tether config server http://127.0.0.1:8787
tether config server
tether config batch 500
TETHER_BATCH=20 tether config --list
tether --json config --list
TETHER_TOKEN=secret-of-ann tether config --list
tether config batch zero
tether config colour blue
tether config --unset batch
tether config --list

# How fields go to the server.
tether config models.Task.rename.title name
tether config models.Task.drop secret,notes
tether config models.Task.set.source laptop-7
tether config models.Task.rename.label name
tether config --list
tether --json config models.Task.drop
tether config --unset models.Task.drop
tether config models.Task.drop
