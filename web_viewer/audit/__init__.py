"""Who saw or changed what, when, from where: the audit trail."""
