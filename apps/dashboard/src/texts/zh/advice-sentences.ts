type Sentence = (parameters: Record<string, number | string>) => string;

const whole = (value: number | string | undefined) => Math.round(Number(value ?? 0));

/** What advice says, by the server's codes. */
export const adviceSentences: Record<string, Sentence> = {
  "ack-timeout-not-below-keep-alive": ({ keepAliveS, ackTimeoutS }) =>
    `确认超时（${ackTimeoutS} 秒）不小于保活时间（${keepAliveS} 秒），心跳丢失会察觉不到或察觉得太晚（§2.1）。`,
  "acknowledgements-late": ({ inPassing, pingTimeouts, heartbeatLosses, ackTimeoutS }) =>
    `${pingTimeouts} 次心跳未在 ${ackTimeoutS} 秒内响应，其中 ${inPassing} 次并未断开连接（断开 ${heartbeatLosses} 次）：响应只是来得晚。`,
  "losses-noticed-late": ({ heartbeatLosses, keepAliveS, meanS, mostS }) =>
    `${heartbeatLosses} 次连接因心跳丢失而断开。保活时间为 ${keepAliveS} 秒时，平均 ${whole(meanS)} 秒、最长 ${whole(mostS)} 秒后才会察觉。`,
  "pings-without-need": ({ keepAliveS, connectedDays, pingsADay }) =>
    `保活时间为 ${keepAliveS} 秒时，空闲模组每天发送 ${pingsADay} 次心跳，${connectedDays} 天内无一丢失。`,
  "connect-timeouts-weak-signal": ({ connectTimeouts, meanDbm, ackTimeoutS }) =>
    `平均信号 ${meanDbm} dBm，${connectTimeouts} 次连接未在 ${ackTimeoutS} 秒内得到响应。`,
  "connect-timeouts-good-signal": ({ connectTimeouts, meanDbm }) =>
    `平均信号为 ${meanDbm} dBm，仍有 ${connectTimeouts} 次连接未得到响应。`,
  "publish-timeouts": ({ publishTimeouts, ackTimeoutS }) => `${publishTimeouts} 条消息未在 ${ackTimeoutS} 秒内确认。`,
  "reopened-in-vain": ({ shortConnections, reopenAfterS }) =>
    `${shortConnections} 次连接在五分钟内结束；代理在 ${reopenAfterS} 秒后重新打开。`,
  "losses-are-noticed": ({ proposedS, mostS }) =>
    `确认超时设为 ${proposedS} 秒时，最长 ${whole(mostS)} 秒即可察觉链路中断。`,
  "late-answers-count": ({ proposedS, laterS }) =>
    `设为 ${proposedS} 秒时，晚到 ${laterS} 秒以内的响应也算数；察觉链路中断会晚 ${laterS} 秒。`,
  "noticed-sooner": ({ proposedS, meanS, savedS, pingsADay, pingsADayThen }) =>
    `保活时间设为 ${proposedS} 秒时，平均 ${whole(meanS)} 秒即可察觉，共可节省 ${whole(savedS)} 秒。空闲模组每天的心跳由 ${pingsADay} 次变为 ${pingsADayThen} 次。`,
  "fewer-pings": ({ proposedS, pingsADayThen, mostS }) =>
    `设为 ${proposedS} 秒时每天发送 ${pingsADayThen} 次；最长 ${whole(mostS)} 秒后察觉链路中断。`,
  "slow-connects-succeed": ({ proposedS }) => `设为 ${proposedS} 秒时，较慢的连接也能成功。更好的位置或天线更有效。`,
  "look-at-the-antenna": () => "此处无法靠设置解决：请改善位置或天线。",
  "look-at-the-broker": () => "此处无法靠设置解决：请检查服务端的地址、端口、防火墙和负载。",
  "fewer-attempts": ({ proposedS, backoff }) =>
    `${proposedS} 秒后重新打开，之后每次间隔乘以 ${backoff}，可减少立即结束的尝试。`,
};
