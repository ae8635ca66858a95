import type { profiles as ProfilesTexts } from "../en/profiles";

export const profiles: typeof ProfilesTexts = {
  title: "配置模板",
  new: "新建模板",
  hint: "模板为选择器选中的所有设备设置部分配置。多个模板设置同一字段时优先级高者生效；设备自有设置覆盖所有模板。",
  none: "还没有配置模板。",
  name: "名称",
  description: "说明",
  selector: "适用设备",
  selectorHint: 'JSON 选择器，例如 {"tags": ["pump"]}；{"all": true} 表示所有设备。',
  priority: "优先级",
  priorityHint: "逐字段比较，数值高者生效。",
  changed: "修改",
  template: "模板内容",
  templateHint: "JSON 格式的部分配置；{imei} 与 {device} 会按设备填入。",
  devices: (count) => `${count} 台设备`,
  dryRun: "查看影响",
  dryRunFirst: "请先查看对设备的影响，然后再写入。",
  write: "写入并下发",
  remove: "删除",
  removeSure: "确认删除",
  effect: (devices, changed, rejected) =>
    `${devices} 台设备：${changed} 台将获得新配置，${rejected} 台因不符合规则而保持不变。`,
  examined: (count) => `已检查前 ${count} 台。`,
  outcomes: { changed: "将获得新配置", rejected: "保持不变" },
};
