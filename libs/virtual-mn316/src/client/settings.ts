/** What `AT+MQTTCFG` sets (§2.1). */
export interface ClientSettings {
  host: string;
  port: number;
  clientId: string;
  keepAliveS: number;
  username: string;
  password: string;
  cleanSession: boolean;
  /** Always 0: TLS is not yet supported. */
  encrypt: 0;
}

/** What `AT+MQTTOPEN` adds to it (§2.2). */
export interface OpenOptions {
  sendsUsername: boolean;
  sendsPassword: boolean;
  will?: { topic: string; message: Buffer; qos: 0 | 1 | 2; retain: boolean };
}
