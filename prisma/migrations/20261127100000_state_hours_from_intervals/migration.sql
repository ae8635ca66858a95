-- Milliseconds in each state by hour and device are cut out of connection_interval, which tells all of it and is kept as long.
-- A row an hour and device was three quarters of all that is kept, whether anything happened in that hour or not (ADR 25).
DROP TABLE state_hour;
