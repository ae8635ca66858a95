import type { Texts } from "../en";

export const shell: Texts["shell"] = {
  menu: "菜单",
  subtitle: "MN316 模组设备",
  notFound: "这里什么也没有",
  notFoundHint: "此地址所指的内容不存在或已被删除。",
  toFleet: "返回设备总览",
  pages: {
    "/": "设备总览",
    "/analytics": "分析",
    "/alerts": "告警",
    "/jobs": "任务",
    "/profiles": "配置模板",
    "/enrollment": "设备注册",
    "/keys": "API 密钥",
    "/users": "用户",
    "/audit": "审计",
    "/fleets": "设备分组",
    "/password": "您的密码",
  },
};

export const common: Texts["common"] = {
  notJson: "这不是有效的 JSON。",
  copy: "复制",
  copied: "已复制",
  remove: "删除",
  by: (author) => `由 ${author}`,
};
