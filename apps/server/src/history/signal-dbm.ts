/** 27.007 §8.5: not known or not detectable. */
const NO_SIGNAL = 99;

/**
 * The strength that an `<rssi>` of `+CSQ` stands for (27.007 §8.5), in dBm.
 * @param rssi 0…31, or 99
 * @returns undefined where it is not known: not a sample
 */
export function signalDbm(rssi: number): number | undefined {
  return rssi === NO_SIGNAL ? undefined : 2 * rssi - 113;
}
