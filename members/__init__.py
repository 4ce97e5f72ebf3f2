"""What a member, a channel, a pledge and a role are: values and rules."""
