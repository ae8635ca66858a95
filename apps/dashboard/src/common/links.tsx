import { Anchor, type AnchorProps, Button, type ButtonProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { ComponentPropsWithRef } from "react";

type LinkProps<T> = T & Omit<ComponentPropsWithRef<"a">, keyof T>;

/** A link to another page, whose address is checked. */
export const AnchorLink = createLink((props: LinkProps<AnchorProps>) => <Anchor {...props} />);

/** The same, in the shape of a button. */
export const ButtonLink = createLink((props: LinkProps<ButtonProps>) => <Button component="a" {...props} />);
