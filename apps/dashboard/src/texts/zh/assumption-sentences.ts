type Sentence = (parameters: Record<string, number | string>) => string;

/** What a replay of a device's history assumes, by the server's codes. */
export const assumptionSentences: Record<string, Sentence> = {
  "dead-by-losses": ({ stretches }) =>
    `链路何时中断由 ${stretches} 段连续丢失的心跳推断：从最后一次有响应与第一次无响应心跳的中点，到模组重新连接，或到下一次心跳的中点。`,
  "held-by-tcp": () => "链路中断时正在传输的数据会在恢复后到达，因此短暂中断不会丢失能及时响应的心跳。",
  "reconnects-after": ({ seconds }) => `模组每次尝试重连前等待 ${seconds} 秒；手册未给出数值（§3.4）。`,
  "traffic-recorded": ({ heard }) =>
    `只有已记录的通信会推迟心跳：${heard} 次消息和订阅的确认。未被确认的消息无从得知。`,
  "other-outages-stay": () => "其他原因的断线，以及无人得知模组状态的时间保持不变：期间没有心跳。",
  "bytes-a-ping": ({ bytes }) => `一次心跳及其响应共 ${bytes} 字节，含 TCP 和 IP 头，不含无线层的头。`,
};
