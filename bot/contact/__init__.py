"""客户联系's wire: the calls, the listing that the daily walk reads, what `flask doctor` looks at, `flask contact`."""
