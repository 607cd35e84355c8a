# Every help text.
tether --help
tether init --help
tether config --help
tether record --help
tether record create --help
tether record update --help
tether record delete --help
tether record import --help
tether list --help
tether show --help
tether push --help
tether pull --help
tether sync --help
tether status --help
tether log --help
tether conflicts --help
tether conflicts list --help
tether conflicts show --help
tether conflicts resolve --help
tether retry --help
tether replay --help
tether doctor --help
tether compact --help
tether backup --help
tether completion --help
tether version --help
