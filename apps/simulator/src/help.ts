export const HELP = `mn316-sim --pty [--link PATH] | --tcp PORT   one virtual module; prints the path or address to open
mn316-sim fleet --devices N --server URL     N agents, each with a virtual module, in one process
mn316-sim register --devices N --server URL  creates the fleet's devices on the server and ends
mn316-sim broker [--port N]                  an MQTT broker on this machine; prints its address
mn316-sim faults                             lists what can go wrong, and the dialects

A module, or every module of a fleet:
  --broker URL         mqtt://host:port, stands for every host that is not this machine
  --dialect NAME       a firmware's departure from the manual; may repeat
  --fault NAME         goes wrong from the start; may repeat
  --time-scale N       its timers run so many times faster than the manual's (1)
  --seed N             of everything that happens by chance (1)
One module:
  --link PATH          a symbolic link to the pseudo-terminal
  --imei IMEI          15 digits
  Steered by lines on standard input: fault NAME on|off, restart, state, commands
A fleet:
  --devices N          how many
  --server URL         ws://host:port or wss://host of the fleet server
  --api-key KEY        creates the devices that are missing; better as FLEET_API_KEY
  --devices-file FILE  where their ids and tokens are kept (devices.json in the data folder)
  --first N            leaves out the first N of the file (0)
  --data-dir DIR       a folder for all agents (~/.mn316-sim)
  --outages N          outages an hour and module, on average (0)
  --log-level L        trace, debug, info, warn, error (warn)
All:
  --exit-with-stdin    ends when standard input does
`;
