import type {
  Acknowledge,
  Alert,
  AlertDetail,
  AlertDevice,
  AlertDeviceQuery,
  AlertQuery,
  Notification,
  NotificationQuery,
  Page,
} from "@mn316-fleet/contracts";
import { idSchema } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { createdPosition, decodeCursor, pageOfRows } from "../platform/paging/cursor";
import { conflict, notFound } from "../platform/problems/problem.error";
import { type AlertRow, toAlert } from "./alert-row";
import { AlertsStore } from "./alerts.store";
import { Delivery } from "./delivery/delivery";
import { NotificationsStore, toNotification } from "./delivery/notifications.store";

/** Of an alert, in its detail. */
const SHOWN_NOTIFICATIONS = 50;

/** What is wrong in the fleet, and who was told. */
@Injectable()
export class AlertsService {
  constructor(
    private readonly store: AlertsStore,
    private readonly notifications: NotificationsStore,
    private readonly delivery: Delivery,
  ) {}

  async list(query: AlertQuery): Promise<Page<Alert>> {
    const rows = await this.store.list(query, decodeCursor(query.cursor, createdPosition));
    return pageOfRows(rows, query.limit, toAlert, ({ firedAt, id }) => [firedAt.getTime(), id]);
  }

  async get(id: string): Promise<AlertDetail> {
    const row = await this.found(id);
    const notifications = await this.notifications.ofAlert(id, SHOWN_NOTIFICATIONS);
    return { ...toAlert(row), notifications: notifications.map(toNotification) };
  }

  async devices(id: string, { cursor, limit }: AlertDeviceQuery): Promise<Page<AlertDevice>> {
    await this.found(id);
    const rows = await this.store.devices(id, limit, decodeCursor(cursor, idSchema));
    return pageOfRows(
      rows,
      limit,
      ({ joinedAt, leftAt, ...row }) => ({
        ...row,
        joinedAt: joinedAt.toISOString(),
        leftAt: leftAt?.toISOString() ?? null,
      }),
      ({ deviceId }) => deviceId,
    );
  }

  /** Says that somebody looks after it. Again, it changes nothing: the first one stays. */
  async acknowledge(id: string, { note }: Acknowledge, by: string): Promise<Alert> {
    const acknowledged = await this.store.acknowledge(id, by, note);
    if (acknowledged) return toAlert(acknowledged);
    const row = await this.found(id);
    if (row.resolvedAt) throw conflict("The alert is over.");
    return toAlert(row);
  }

  async listNotifications(query: NotificationQuery): Promise<Page<Notification>> {
    const rows = await this.notifications.list(query, decodeCursor(query.cursor, createdPosition));
    return pageOfRows(rows, query.limit, toNotification, ({ createdAt, id }) => [createdAt.getTime(), id]);
  }

  async getNotification(id: string): Promise<Notification> {
    const row = await this.notifications.find(id);
    if (!row) throw notFound("notification", id);
    return toNotification(row);
  }

  /** @throws 409 for one that was not given up */
  async retry(id: string): Promise<Notification> {
    const isRetried = await this.notifications.retry(id);
    const notification = await this.getNotification(id);
    if (!isRetried)
      throw conflict(`Only a notification that was given up is sent again; this one is ${notification.state}.`);
    this.delivery.wake();
    return notification;
  }

  private async found(id: string): Promise<AlertRow> {
    const row = await this.store.find(id);
    if (!row) throw notFound("alert", id);
    return row;
  }
}
