import type * as en from "../en/settings";

export const enrollment: typeof en.enrollment = {
  title: "设备注册",
  hint: "代理首次启动时用注册密钥自行创建设备，此后使用自己的令牌。",
  new: "新建注册密钥",
  none: "还没有注册密钥。",
  name: "名称",
  uses: "已创建设备",
  usesOf: (uses, max) => (max === null ? String(uses) : `${uses} / ${max}`),
  maxUses: "最多设备数",
  maxUsesHint: "不填则不限",
  imeiPattern: "仅限 IMEI",
  imeiPatternHint: "数字，? 代表任意一位，* 代表任意多位",
  expires: "过期时间",
  lastUsed: "最近使用",
  create: "创建密钥",
  command: "在模组旁的设备上执行：",
  shownOnce: "密钥只显示这一次。请把端口替换为模组所在的端口。",
};

export const keys: typeof en.keys = {
  title: "API 密钥",
  new: "新建 API 密钥",
  none: "没有密钥。",
  name: "名称",
  role: "角色",
  roleHint: "查看者只能查看；操作员还可更改设备并运行任务；管理员还可管理密钥。",
  roles: { viewer: "查看者", operator: "操作员", admin: "管理员" },
  expires: "过期时间",
  expiresHint: "不填则永不过期",
  lastUsed: "最近使用",
  create: "创建密钥",
  shownOnce: "密钥只显示这一次：",
};
