/** What a module says of itself. */
export interface Identity {
  manufacturer: string;
  model: string;
  firmware: string;
  imei: string;
  cellId: string;
}

export const DEFAULT_IDENTITY: Identity = {
  manufacturer: "CMIOT",
  model: "MN316",
  firmware: "MN316-DLVS_V1.0.0",
  imei: "866207050000001",
  cellId: "0C5A3B11",
};
