import type { AdviceTexts } from "../en/advice";
import { adviceSentences } from "./advice-sentences";
import { assumptionSentences } from "./assumption-sentences";

export const settingsAdvice: AdviceTexts = {
  advice: {
    title: "建议",
    hint: "根据每台设备自身的历史，指出可改进的设置。在您写入配置模板之前不会有任何更改。",
    none: "没有建议：各项设置均正常。",
    more: (count) => `另有 ${count} 条`,
    severities: { warning: "警告", hint: "提示" },
    evidence: "依据",
    draft: "起草配置模板……",
    say: ({ code, parameters, text }) => adviceSentences[code]?.(parameters) ?? text,
    figures: {
      pingTimeouts: "未及时响应的心跳",
      heartbeatLosses: "因心跳丢失的连接",
      connectTimeouts: "未及时响应的连接",
      publishTimeouts: "未及时确认的消息",
      shortConnections: "五分钟内结束的连接",
      meanDbm: "平均信号（dBm）",
    },
  },
  whatIf: {
    title: "假设分析",
    hint: "用模组定时器模型，以其他设置重演此设备自身的历史。不会更改任何设置。",
    settings: {
      keepAliveS: "保活时间 keepAlive（秒）",
      ackTimeoutS: "确认超时 ackTimeout（秒）",
      reopenAfterS: "断开后重新打开的等待时间（秒）",
      backoff: "每次等待时间增加的倍数",
    },
    asItWas: (value) => `原值：${value}`,
    ask: "重演",
    none: "请至少填写一项要改变的设置。",
    figure: "指标",
    lived: "原设置（模型）",
    asked: "新设置（模型）",
    recorded: (losses, outlived) => `实际记录：${losses} 次连接因心跳丢失而断开，${outlived} 次链路中断未影响连接。`,
    figures: {
      lossesNoticed: "察觉到的链路中断",
      lossesUnnoticed: "察觉之前已恢复的链路中断",
      falseAlarms: "误断的连接",
      meanNoticingS: "平均察觉时间",
      longestNoticingS: "最长察觉时间",
      awayS: "断开总时长",
      pings: "发送的心跳",
      pingTimeouts: "未及时响应的心跳",
      pingBytes: "心跳流量（字节）",
    },
    assumptions: "计算依据",
    say: ({ code, parameters, text }) => assumptionSentences[code]?.(parameters) ?? text,
  },
};
