# What goes over the wire, request by request.
serve
get /healthz
get /readyz
get /tether/info
post /tether/push <<<'{"client_id":"ann","sent_at":1893456140000,"mutations":[{"mutation_id":"01KAK300000000000000000001","entity_id":"pump-7","model":"Task","operation":"create","payload":{"title":"Check pump 7","amount":2.0,"big":123456789012345678901234567890},"version":1,"timestamp":1893456139000,"base_rev":0}]}'

# The same once more: the same answer, no second effect.
post /tether/push <<<'{"client_id":"ann","sent_at":1893456141000,"mutations":[{"mutation_id":"01KAK300000000000000000001","entity_id":"pump-7","model":"Task","operation":"create","payload":{"title":"Check pump 7","amount":2.0,"big":123456789012345678901234567890},"version":1,"timestamp":1893456139000,"base_rev":0}]}'

# Its id with other content; an unknown entity; the original client's empty payload.
post /tether/push <<<'{"client_id":"ann","mutations":[{"mutation_id":"01KAK300000000000000000001","entity_id":"pump-7","model":"Task","operation":"create","payload":{"title":"Other"},"version":1,"timestamp":1893456139000},{"mutation_id":"01KAK300000000000000000002","entity_id":"nobody","model":"Task","operation":"update","payload":{"title":"x"},"version":1,"timestamp":1893456139000},{"mutation_id":"01KAK300000000000000000003","entity_id":"empty","model":"Task","operation":"create","payload":[],"version":1,"timestamp":1893456139000}]}'

# An edit that had not seen the last change of somebody else.
post /tether/push <<<'{"client_id":"ben","mutations":[{"mutation_id":"01KAK300000000000000000004","entity_id":"pump-7","model":"Task","operation":"update","payload":{"title":"By Ben"},"version":1,"timestamp":1600000000000,"base_rev":0}]}'

# Mutations that are none do not hold up the others.
post /tether/push <<<'{"client_id":"ann","mutations":[{"mutation_id":"short","entity_id":"a","model":"Task","operation":"create","payload":{},"version":1,"timestamp":1},{"mutation_id":"01KAK300000000000000000008","entity_id":"empty","model":"Task","operation":"delete","payload":[],"version":2,"timestamp":1893456139500},{"mutation_id":"01KAK300000000000000000009","entity_id":"a","model":"Task","operation":"burn","payload":{},"version":1,"timestamp":1}]}'

# Pages.
post /tether/pull <<<'{"client_id":"ben","last_sync_cursor":null,"limit":1}'
post /tether/pull <<<'{"client_id":"ben","last_sync_cursor":null}'
post /tether/pull <<<'{"client_id":"ann","last_sync_cursor":0,"skip_own":true,"models":["Task"]}'
post /tether/pull <<<'{"client_id":"new","last_sync_cursor":2893456000000000}'

# Requests that are wrong as a whole.
post /tether/push <<<'{"client_id":"ann","mutations":'
post /tether/push <<<'{"client_id":"","mutations":[]}'
post /tether/push <<<'{"client_id":"ann","mutations":[{"mutation_id":7,"entity_id":"a","model":"Task","operation":"create","payload":{},"version":1,"timestamp":1}]}'
post /tether/push <<<'{"client_id":"ann","mutations":["01KAK300000000000000000009"]}'
post /tether/pull <<<'{"client_id":"ann","last_sync_cursor":"yesterday"}'
post /tether/pull <<<'[]'
get /tether/pull
get /nothing
post /tether/push -H 'Transfer-Encoding: chunked' <<<'{"client_id":"ann","mutations":[]}'
