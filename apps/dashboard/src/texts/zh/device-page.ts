import type { Texts } from "../en";
import type * as en from "../en/device-page";

type Device = Texts["device"];

export const devicePage: Pick<Device, "tabs" | "timeZone" | "eventKind" | "refresh" | "timeLine" | "why"> = {
  tabs: { overview: "概览", configuration: "配置", events: "事件", jobs: "任务", console: "AT 控制台" },
  timeZone: "时区",
  eventKind: "事件类型",
  refresh: "刷新",
  timeLine: {
    title: "时间线",
    span: "时间跨度",
    spans: { "1": "1 小时", "6": "6 小时", "24": "24 小时", "168": "7 天" },
    whole: "还原",
    earlier: "更早",
    closer: "放大",
    later: "更晚",
    events: "上报",
    signal: "信号强度随时间的变化",
  },
  why: {
    agentNever: "代理从未连接过，模组情况未知。",
    agentAway: (duration) => `代理已离线 ${duration}；其间模组情况未知。`,
    steady: (duration) => `已保持连接 ${duration}，近期事件中没有掉线。`,
    never: "模组尚未连接过 MQTT 服务端。",
    neverBut: (facts) => `模组尚未连接过 MQTT 服务端：${facts}。`,
    awayBecause: (cause) => `未连接：${cause}。`,
    away: (ago, facts) => `${ago}掉线：${facts}。`,
    recovered: (ago, duration, facts) => `${ago}恢复连接，此前掉线 ${duration}${facts === "" ? "" : `：${facts}`}。`,
    list: (facts) => facts.join("，"),
    heartbeats: (count) => `心跳丢失 ${count} 次`,
    timeouts: (name, count) => `${name}超时 ${count} 次`,
    facts: {
      reconnect: (count) => `尝试重连 ${count} 次`,
      refused: (count) => `服务端拒绝 ${count} 次`,
      unanswered: (count) => `服务端未响应 ${count} 次`,
      "gave-up": () => "随后放弃重连",
      restart: (count) => `模组重启 ${count} 次`,
      "serial-lost": (count) => `串口丢失 ${count} 次`,
      recovery: (count) => `代理尝试恢复 ${count} 次`,
      requested: () => "按请求断开",
    },
  },
};

export const configuration: typeof en.configuration = {
  field: "字段",
  desired: "期望值",
  from: "来源",
  reported: "模组实际值",
  unreported: "未上报",
  differs: "不一致",
  trust: { verified: "已回读", acknowledged: "模组已应答 OK", masked: "被模组隐藏" },
  origins: { device: "设备自有设置", default: "默认值" },
  own: "设备自有设置",
  ownHint: "覆盖配置模板的设置；未写的字段取自模板或默认值。",
  document: "JSON 设置",
  write: "写入并下发",
  removeOwn: "删除自有设置",
  versions: "历史版本",
  noVersions: "还没有版本。",
  by: (author) => `由 ${author}`,
  revert: "恢复到此版本",
  nothing: "无",
  sources: {
    device: () => "写入自有设置",
    removed: () => "删除自有设置",
    profile: (name) => `配置模板 ${name}`,
    register: () => "设备名称、IMEI 或标签变更",
    revert: (version) => `恢复到版本 ${version}`,
  },
};

export const console: typeof en.console = {
  hint: "输入的命令在此设备的规则之内原样发送给模组，所有内容都会被记录。",
  open: "打开控制台",
  close: "关闭",
  away: "代理不在线，无法打开控制台。",
  output: "会话内容",
  command: "AT 命令",
  send: "发送",
  ended: (reason) => `— 已结束：${reason}`,
};
