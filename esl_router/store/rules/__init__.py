"""What rules may say: the layout of a rules file, form and value of each key, its text as YAML."""
