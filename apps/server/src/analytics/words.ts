type Numbers = Record<string, number>;
type Sentence = (numbers: Numbers) => string;

const rounded = (value: number | undefined) => Math.round(value ?? 0);

/** What advice says, in English, by its codes. A page in another language has sentences of its own by the same codes. */
const SENTENCES: Record<string, Sentence> = {
  "ack-timeout-not-below-keep-alive": ({ keepAliveS, ackTimeoutS }) =>
    `The acknowledgement timeout (${ackTimeoutS} s) is not below keepAlive (${keepAliveS} s), so a lost heart-beat goes unnoticed or is noticed late (§2.1).`,
  "acknowledgements-late": ({ inPassing, pingTimeouts, heartbeatLosses, ackTimeoutS }) =>
    `${inPassing} of ${pingTimeouts} heart-beats that were not answered within ${ackTimeoutS} s did not end a connection (${heartbeatLosses} were lost): their answers came late.`,
  "losses-noticed-late": ({ heartbeatLosses, keepAliveS, meanS, mostS }) =>
    `${heartbeatLosses} connections were lost by missing heart-beats. With a keepAlive of ${keepAliveS} s that is noticed after ${rounded(meanS)} s on average, ${rounded(mostS)} s at most.`,
  "pings-without-need": ({ keepAliveS, connectedDays, pingsADay }) =>
    `With a keepAlive of ${keepAliveS} s an idle module sends ${pingsADay} pings a day, and in ${connectedDays} days none was lost.`,
  "connect-timeouts-weak-signal": ({ connectTimeouts, meanDbm, ackTimeoutS }) =>
    `${connectTimeouts} attempts to connect were not answered within ${ackTimeoutS} s, at a mean signal of ${meanDbm} dBm.`,
  "connect-timeouts-good-signal": ({ connectTimeouts, meanDbm }) =>
    `${connectTimeouts} attempts to connect were not answered although the mean signal is ${meanDbm} dBm.`,
  "publish-timeouts": ({ publishTimeouts, ackTimeoutS }) =>
    `${publishTimeouts} messages were not acknowledged within ${ackTimeoutS} s.`,
  "reopened-in-vain": ({ shortConnections, reopenAfterS }) =>
    `${shortConnections} connections ended within five minutes; the agent opens again after ${reopenAfterS} s.`,
  "losses-are-noticed": ({ proposedS, mostS }) =>
    `With an acknowledgement timeout of ${proposedS} s a dead link is noticed after ${rounded(mostS)} s at most.`,
  "late-answers-count": ({ proposedS, laterS }) =>
    `With ${proposedS} s, answers that come up to ${laterS} s later count; a dead link is noticed ${laterS} s later.`,
  "noticed-sooner": ({ proposedS, meanS, savedS, pingsADay, pingsADayThen }) =>
    `With a keepAlive of ${proposedS} s a dead link is noticed after ${rounded(meanS)} s on average, which would have saved ${rounded(savedS)} s. An idle module sends ${pingsADayThen} pings a day instead of ${pingsADay}.`,
  "fewer-pings": ({ proposedS, pingsADayThen, mostS }) =>
    `With ${proposedS} s it sends ${pingsADayThen}; a dead link is then noticed after ${rounded(mostS)} s at most.`,
  "slow-connects-succeed": ({ proposedS }) =>
    `With ${proposedS} s slow attempts can succeed. A better place or antenna helps more.`,
  "look-at-the-antenna": () => "No setting helps here: a better place or antenna does.",
  "look-at-the-broker": () => "No setting helps here: look at the broker's address, port, firewall and load.",
  "fewer-attempts": ({ proposedS, backoff }) =>
    `Opened after ${proposedS} s, and ${backoff} times later each further time, it makes fewer attempts that end at once.`,
  "dead-by-losses": ({ stretches }) =>
    `When the link was dead is inferred from ${stretches} rows of lost heart-beats: from half-way between the last sign of life and the first ping without an answer, until the module was connected again, or half-way to the next ping.`,
  "held-by-tcp": () =>
    "What was on its way when the link died arrives when it is back, so a short loss costs no heart-beat that is answered in time.",
  "reconnects-after": ({ seconds }) =>
    `The module waits ${seconds} s before each attempt to reconnect; the manual says no number (§3.4).`,
  "traffic-recorded": ({ heard }) =>
    `Only what is recorded postpones a ping: ${heard} acknowledgements of messages and subscriptions. Messages that were not acknowledged are not known.`,
  "other-outages-stay": () =>
    "Outages of other causes, and time in which nobody heard the module, stay as they were: no pings then.",
  "bytes-a-ping": ({ bytes }) =>
    `A ping and its answer are ${bytes} bytes with the headers of TCP and IP, without those of the radio.`,
};

/** Something said, by its code and numbers, and in English. */
export function say<P extends Numbers>(code: string, parameters: P): { code: string; parameters: P; text: string } {
  const sentence = SENTENCES[code];
  if (!sentence) throw new Error(`there are no words for "${code}"`);
  return { code, parameters, text: sentence(parameters) };
}
